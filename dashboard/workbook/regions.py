"""The regions of Alibaba Cloud: their ids, and the names that the cloud gives them.

A report may name a region by its id or in the language of its reader; the same region must be the
same in both. https://www.alibabacloud.com/help/en/ecs/product-overview/regions-and-zones
"""

import re
from functools import lru_cache

from .status_codes import normalise_label

# For each id its names in any language, separated by `|`. A city in brackets may stand alone.
REGION_NAMES = {
    "cn-qingdao": "华北1（青岛）|華北1（青島）|China North 1 (Qingdao)|中国北部1 (青島)",
    "cn-beijing": "华北2（北京）|華北2（北京）|China North 2 (Beijing)|中国北部2 (北京)",
    "cn-zhangjiakou": (
        "华北3（张家口）|華北3（張家口）|China North 3 (Zhangjiakou)|中国北部3 (張家口)"
    ),
    "cn-huhehaote": (
        "华北5（呼和浩特）|華北5（呼和浩特）|China North 5 (Hohhot)|中国北部5 (フフホト)|"
        "China (Huhehaote)"
    ),
    "cn-wulanchabu": (
        "华北6（乌兰察布）|華北6（烏蘭察布）|China North 6 (Ulanqab)|中国北部6 (ウランチャブ)|"
        "China (Wulanchabu)"
    ),
    "cn-hangzhou": "华东1（杭州）|華東1（杭州）|China East 1 (Hangzhou)|中国東部1 (杭州)",
    "cn-shanghai": "华东2（上海）|華東2（上海）|China East 2 (Shanghai)|中国東部2 (上海)",
    "cn-nanjing": "华东5（南京）|華東5（南京）|China East 5 (Nanjing)|中国東部5 (南京)",
    "cn-fuzhou": "华东6（福州）|華東6（福州）|China East 6 (Fuzhou)|中国東部6 (福州)",
    "cn-shenzhen": (
        "华南1（深圳）|華南1（深圳）|China South 1 (Shenzhen)|中国南部1 (深セン)|中国 (深圳)"
    ),
    "cn-heyuan": "华南2（河源）|華南2（河源）|China South 2 (Heyuan)|中国南部2 (河源)",
    "cn-guangzhou": ("华南3（广州）|華南3（廣州）|China South 3 (Guangzhou)|中国南部3 (広州)"),
    "cn-wuhan-lr": "华中1（武汉）|華中1（武漢）|China Central 1 (Wuhan)|中国中部1 (武漢)",
    "cn-zhengzhou-jva": (
        "郑州（联通合营）|鄭州（聯通合營）|Zhengzhou (CUCC Joint Venture)|华中2（郑州）"
    ),
    "cn-chengdu": (
        "西南1（成都）|China Southwest 1 (Chengdu)|China South West 1 (Chengdu)|中国西南1 (成都)"
    ),
    "cn-hongkong": "中国香港|中國香港|China (Hong Kong)|Hong Kong, China|China (香港)|Hong Kong",
    "ap-northeast-1": "日本（东京）|日本（東京）|Japan (Tokyo)|亚太东北1（东京）|亞太東北1（東京）|"
    "Asia Pacific NE 1 (Tokyo)|Asia Pacific Northeast 1 (Tokyo)",
    "ap-northeast-2": "韩国（首尔）|韓國（首爾）|South Korea (Seoul)|韓国 (ソウル)|Korea (Seoul)",
    "ap-southeast-1": (
        "新加坡|Singapore|シンガポール|亚太东南1（新加坡）|亞太東南1（新加坡）|新加坡（新加坡）|"
        "Asia Pacific SE 1 (Singapore)|Asia Pacific Southeast 1 (Singapore)"
    ),
    "ap-southeast-2": (
        "澳大利亚（悉尼）|澳洲（悉尼）|澳大利亞（雪梨）|澳大利亞（悉尼）|Australia (Sydney)|"
        "オーストラリア (シドニー)|亚太东南2（悉尼）|Asia Pacific SE 2 (Sydney)"
    ),
    "ap-southeast-3": (
        "马来西亚（吉隆坡）|馬來西亞（吉隆坡）|Malaysia (Kuala Lumpur)|"
        "マレーシア (クアラルンプール)|亚太东南3（吉隆坡）|Asia Pacific SE 3 (Kuala Lumpur)"
    ),
    "ap-southeast-5": (
        "印度尼西亚（雅加达）|印尼（雅加达）|印度尼西亞（雅加達）|印尼（雅加達）|"
        "Indonesia (Jakarta)|インドネシア (ジャカルタ)|亚太东南5（雅加达）|"
        "Asia Pacific SE 5 (Jakarta)"
    ),
    "ap-southeast-6": (
        "菲律宾（马尼拉）|菲律賓（馬尼拉）|Philippines (Manila)|フィリピン (マニラ)"
    ),
    "ap-southeast-7": "泰国（曼谷）|泰國（曼谷）|Thailand (Bangkok)|タイ (バンコク)",
    "ap-southeast-8": (
        "马来西亚（柔佛）|馬來西亞（柔佛）|Malaysia (Johor)|マレーシア (ジョホール)"
    ),
    "ap-south-1": (
        "印度（孟买）|印度（孟買）|India (Mumbai)|インド (ムンバイ)|亚太南部1（孟买）|"
        "Asia Pacific SOU 1 (Mumbai)"
    ),
    "eu-central-1": (
        "德国（法兰克福）|德國（法蘭克福）|Germany (Frankfurt)|ドイツ (フランクフルト)|"
        "欧洲中部1（法兰克福）|EU Central 1 (Frankfurt)"
    ),
    "eu-west-1": (
        "英国（伦敦）|英國（倫敦）|UK (London)|United Kingdom (London)|英国 (ロンドン)|"
        "イギリス (ロンドン)"
    ),
    "us-east-1": (
        "美国（弗吉尼亚）|美國（維吉尼亞）|美國（弗吉尼亞）|US (Virginia)|米国 (バージニア)|"
        "アメリカ (バージニア)|USA (Virginia)|美国东部1（弗吉尼亚）|US East 1 (Virginia)"
    ),
    "us-west-1": (
        "美国（硅谷）|美國（矽谷）|美國（硅谷）|US (Silicon Valley)|米国 (シリコンバレー)|"
        "アメリカ (シリコンバレー)|USA (Silicon Valley)|美国西部1（硅谷）|"
        "US West 1 (Silicon Valley)"
    ),
    "us-southeast-1": "美国（亚特兰大）|美國（亞特蘭大）|US (Atlanta)|米国 (アトランタ)",
    "na-south-1": "墨西哥|Mexico|メキシコ|墨西哥（克雷塔罗）|Mexico (Queretaro)",
    "me-east-1": (
        "阿联酋（迪拜）|阿聯酋（杜拜）|阿聯（杜拜）|阿聯酋（迪拜）|UAE (Dubai)|UAE (ドバイ)|"
        "アラブ首長国連邦 (ドバイ)|中东东部1（迪拜）|Middle East 1 (Dubai)"
    ),
    "me-central-1": (
        "沙特（利雅得）|沙特阿拉伯（利雅得）|沙烏地阿拉伯（利雅德）|SAU (Riyadh)|"
        "Saudi Arabia (Riyadh)|サウジアラビア (リヤド)"
    ),
    "rus-west-1": "俄罗斯（莫斯科）|俄羅斯（莫斯科）|Russia (Moscow)|ロシア (モスクワ)",
    "cn-hangzhou-finance": (
        "华东1 金融云|華東1 金融雲|China East 1 Finance|China East 1 Finance Cloud|"
        "杭州金融云|华东1 金融云（杭州）|China (Hangzhou) Finance"
    ),
    "cn-shanghai-finance-1": (
        "华东2 金融云|華東2 金融雲|China East 2 Finance|China East 2 Finance Cloud|"
        "上海金融云|华东2 金融云（上海）"
    ),
    "cn-shenzhen-finance-1": (
        "华南1 金融云|華南1 金融雲|China South 1 Finance|China South 1 Finance Cloud|"
        "深圳金融云|华南1 金融云（深圳）"
    ),
    "cn-beijing-finance-1": (
        "华北2 金融云|華北2 金融雲|China North 2 Finance|China North 2 Finance Cloud|"
        "华北2 金融云（北京）"
    ),
    "cn-north-2-gov-1": (
        "华北2 阿里政务云1|北京政务云|华北2 政务云|華北2 阿里政務雲1|China North 2 Ali Gov 1|"
        "China North 2 Ali Gov"
    ),
    "cn-heyuan-acdr-1": "河源专属云汽车合规|华南2 汽车云（河源）|China (Heyuan) ACDR Auto",
    "cn-wulanchabu-acdr-1": "乌兰察布专属云汽车合规|华北6 汽车云（乌兰察布）",
    "global": "全局|全球|全域|Global|グローバル",
}
_CITY = re.compile(r"^(.*?)\s*[(（]([^()（）]+)[)）]$")
_CHINA_ID = re.compile(r"cn-[a-z]+(?:-lr)?$")
# Words behind a name that do not change which region it is.
_ADDITIONS = re.compile(
    "本地地域|本地地區|ローカルリージョン|localregion|closingdown|关停中|關停中|即将关停|"
    "合作伙伴地域|合作区|partnerregion|パートナーリージョン|邀测|beta|region$|リージョン$|地域$"
)
_REGION_ID = re.compile(r"(?:\boss-)?([a-z]{2,3}(?:-[a-z0-9]+){1,3})")  # OSS has ids of its own


def _index_regions() -> dict[str, str]:
    """Return the id of each normalised name: whole, without its city, and by the city alone."""
    index: dict[str, str] = {}
    for region, names in REGION_NAMES.items():
        for name in names.split("|"):
            index.setdefault(normalise_label(name), region)
            if match := _CITY.match(name):
                _index_city(index, region, *match.groups())
    return index


def _index_city(index: dict[str, str], region: str, area: str, city: str) -> None:
    """Add the city alone; for a Chinese one also China and the city, and the area alone."""
    city_word = normalise_label(city)
    is_plain_region = "-finance" not in region and "-acdr" not in region
    if not is_plain_region:
        return
    index.setdefault(city_word, region)
    if _CHINA_ID.fullmatch(region):
        for country in ("china", "中国", "中國"):
            index.setdefault(country + city_word, region)
        if area[-1:].isdigit():
            index.setdefault(normalise_label(area), region)
            east_china = re.sub(r"^China (\w+) (\d)$", r"\1 China \2", area)
            index.setdefault(normalise_label(east_china), region)
            index.setdefault(normalise_label(east_china) + city_word, region)


_REGION_BY_NAME = _index_regions()


@lru_cache(4096)
def find_region_id(text: str) -> str:
    """Return the id of the region that a text names; "" if no known region is named."""
    matches: set[str] = set(_REGION_ID.findall(text.casefold()))
    ids = [match for match in matches if match in REGION_NAMES]
    if len(ids) == 1:
        return ids[0]
    word = normalise_label(text)
    return _REGION_BY_NAME.get(word) or _REGION_BY_NAME.get(_ADDITIONS.sub("", word), "")

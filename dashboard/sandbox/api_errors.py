"""The documented errors of Cloud Config and of its gateway, with their HTTP status and message.

Cloud Config: https://www.alibabacloud.com/help/en/cloud-config/latest/generatecompliancepackreport
Gateway: https://help.aliyun.com/document_detail/48054.html
"""

from typing import Any

# HTTP status and message by error code; `{detail}` is replaced when the error is raised.
ERROR_MESSAGES: dict[str, tuple[int, str]] = {
    "AccountNotExisted": (404, "Your account does not exist."),
    "CloudConfigServiceRoleNotExisted": (404, "The CloudConfigServiceRole does not exist."),
    "CompliancePackReportCreating": (400, "The compliance pack report is being created."),
    "ConfigRuleNotExists": (400, "The ConfigRule does not exist."),
    "Forbidden.RAM": (
        403,
        "User not authorized to operate on the specified resource, "
        "or this API doesn't support RAM.",
    ),
    "IllegalTimestamp": (
        400,
        "The input parameter Timestamp that is mandatory is not well formed.",
    ),
    "IncompleteSignature": (400, "The request signature does not conform to Aliyun standards."),
    "InternalError": (500, "The request processing has failed due to some unknown error."),
    "Invalid.CompliancePackId.Value": (400, "The specified CompliancePackId does not exist."),
    # Documented for the lists of other products; the lists of Cloud Config name no such error.
    "Invalid.NextToken": (400, "The parameter NextToken is invalid."),
    "InvalidAccessKeyId.Inactive": (400, "Specified access key is disabled."),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidAction.NotFound": (
        404,
        "Specified api is not found, please check your url and method.",
    ),
    "InvalidParameter": (400, "The specified parameter {detail} is not valid."),
    "InvalidSecurityToken.Expired": (400, "Specified SecurityToken is expired."),
    "InvalidSecurityToken.Malformed": (400, "Specified SecurityToken is malformed."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "InvalidVersion": (400, "Specified parameter Version is not valid."),
    "MissingParameter": (
        400,
        "The input parameter {detail} that is mandatory for processing this request "
        "is not supplied.",
    ),
    "NoPermission": (403, "You are not authorized to perform this operation."),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "SignatureDoesNotMatch": (
        400,
        "Specified signature is not matched with our calculation. "
        "server string to sign is:{detail}",
    ),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "Throttling": (400, "Request was denied due to request throttling."),
    "Throttling.Api": (400, "Request was denied due to api flow control."),
    "Throttling.User": (400, "Request was denied due to user flow control."),
    "UnsupportedHTTPMethod": (405, "This http method is not supported."),
}


class ApiError(Exception):
    """Raised in the sandbox to answer a request with an error of the API.

    `detail` replaces `{detail}` in the message of ERROR_MESSAGES; `access_denied` becomes the field
    AccessDeniedDetail of the answer. `status` replaces the HTTP status of ERROR_MESSAGES: some
    operations document another one.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        access_denied: dict[str, Any] | None = None,
        status: int | None = None,
    ) -> None:
        self.code = code
        usual_status, message = ERROR_MESSAGES[code]
        self.status = status or usual_status
        self.message = message.format(detail=detail)
        self.access_denied = access_denied
        super().__init__(code)

    def build_body(self, request_id: str, host: str) -> dict[str, Any]:
        """Return the documented fields of the error answer, which are the same in JSON and XML."""
        body: dict[str, Any] = {
            "RequestId": request_id,
            "HostId": host,
            "Code": self.code,
            "Message": self.message,
            "Recommend": (
                "https://api.aliyun.com/troubleshoot"
                f"?q={self.code}&product=Config&requestId={request_id}"
            ),
        }
        if self.access_denied is not None:
            body["AccessDeniedDetail"] = self.access_denied
        return body


def build_access_denied_detail(action: str, uid: str) -> dict[str, Any]:
    """Return the AccessDeniedDetail for a user of the account who may not perform the action."""
    return {
        "AuthAction": f"config:{action}",
        "AuthPrincipalDisplayName": "200000000000000001",
        "AuthPrincipalOwnerId": uid,
        "AuthPrincipalType": "SubUser",
        "NoPermissionType": "ImplicitDeny",
        "PolicyType": "AccountLevelIdentityBasedPolicy",
        "EncodedDiagnosticMessage": "AQEAAAAAc2FuZGJveA==",
    }

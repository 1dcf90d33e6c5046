"""Copy the database, the originals and the keys into a folder, and put them back."""

"""What pages show as data: a JSON document beside each page, and `llms.txt`, which says where they are."""

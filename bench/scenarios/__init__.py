"""What is measured, one file a question."""

NAMES = (
    *("fanout", "burst", "linear", "stalled", "cutoff", "hundred"),
    *("post", "profile", "deflate", "longpoll", "pageload", "start"),
    *("strangers", "feeds"),
)

"""What is measured, one file a question."""

NAMES = (
    *("fanout", "linear", "stalled", "cutoff", "hundred"),
    *("post", "profile", "deflate", "longpoll", "pageload", "start"),
    *("strangers", "feeds"),
)

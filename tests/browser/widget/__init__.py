"""The widget in real pages of other origins: what a hostile page, a bad network and a frozen log do to it."""

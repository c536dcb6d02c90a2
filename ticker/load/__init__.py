"""Load on a service: thousands of readers, in processes of their own, that check every dispatch they are sent."""

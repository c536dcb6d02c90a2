"""Load on a service: readers by the thousand, in processes of their own, who check every line they are sent."""

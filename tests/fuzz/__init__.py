"""A seeded fuzzer over sockets: what strangers may send, mutated, while honest readers must get every dispatch."""

// Tests/HyperoRedisTests

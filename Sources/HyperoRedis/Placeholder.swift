// HyperoRedis

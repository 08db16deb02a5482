// Tests/HyperoIngestTests

// Tests/HyperoQueryTests

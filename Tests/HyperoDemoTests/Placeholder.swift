// Tests/HyperoDemoTests

// Tests/CommandTests

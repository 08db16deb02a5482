// Tests/FoldTests

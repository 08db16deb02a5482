// Tests/HyperoTests

// Tests/HyperoSchemaTests

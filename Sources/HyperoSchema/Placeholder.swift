// HyperoSchema

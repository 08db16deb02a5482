// HyperoQuery

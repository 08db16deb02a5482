// HyperoIngest

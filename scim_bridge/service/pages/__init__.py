"""The pages, one file for each group of them. A page looks at the state, makes view values, and renders them."""

"""The search space: parameters, their distributions and conditions, constraints, and the order of a grid."""

"""`shop`: the command line for people and scripts. It knows the front door, Cognito, and what CloudFormation tells."""

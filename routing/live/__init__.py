"""The state of edges at a moment, and speeds that feeds tell.

Not supported: states of single lanes (a lane that is lost lowers the speed), states that recur.
"""

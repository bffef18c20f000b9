"""What a running shop really used, counted call by call at the tap, and what that costs at list prices."""

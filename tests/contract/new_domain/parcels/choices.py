PLATFORM = PARCELS = "parcels"
HAND_OUT = "hand_out"

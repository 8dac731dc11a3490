import RAKit
print("x")

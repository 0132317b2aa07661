"""What other companies send us: checked to be genuine, kept, answered; worked off elsewhere."""

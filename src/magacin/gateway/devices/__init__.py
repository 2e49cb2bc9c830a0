"""The devices that workers share: enrolling them, what they hold, ending them."""

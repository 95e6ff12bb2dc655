"""What a voice is, in numbers: parameters, vowels, touches and presets. Makes no sound; imports only `touch`."""

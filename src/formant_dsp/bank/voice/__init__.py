"""Parts of one voice, outside the kernels: gate, onset, colour, residues, harmonics, place. They know no bank."""

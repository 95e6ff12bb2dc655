"""How machines of one network find and reach each other. Pure cores; the shells are in aio/lan and aio/client."""

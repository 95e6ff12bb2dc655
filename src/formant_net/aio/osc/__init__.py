"""OSC on real sockets: datagrams and OSCQuery, played on a controller."""

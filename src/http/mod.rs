//! The web toolkit. Names no room.

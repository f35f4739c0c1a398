package hub

// Appointed is what a hub does with an appointment that somebody handed it.
var Appointed = (*Hub).appointed

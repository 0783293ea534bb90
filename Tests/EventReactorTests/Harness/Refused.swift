/// An error that tests throw.
struct Refused: Error, Equatable {}

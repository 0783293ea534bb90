import Testing

/// Another error came than the one that was expected, or none.
func unexpected(_ error: (any Error)?, sourceLocation: SourceLocation = #_sourceLocation) {
    Issue.record("another error: \(String(describing: error))", sourceLocation: sourceLocation)
}

extension Int64 {
    /// The sum, or the last number that there is: centuries are no reason to trap.
    package func saturatingAdding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

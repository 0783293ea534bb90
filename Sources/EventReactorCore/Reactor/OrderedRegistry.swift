/// Objects by id, iterated in the order of their addition; each new id is greater than the ones before.
///
/// Every element type shares one dictionary type: each further one would be specialized again in every program.
package struct OrderedRegistry<Element: AnyObject> {
    private var entries: [UInt64: AnyObject] = [:]
    /// The ids in order, including some of removed objects.
    private var order: [UInt64] = []

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }

    package subscript(id: UInt64) -> Element? {
        entries[id].map { unsafe unsafeDowncast($0, to: Element.self) }
    }

    mutating func add(_ element: Element, as id: UInt64) {
        entries[id] = element
        // Removed ids are dropped here when they outnumber the others: amortized O(1).
        if order.count > 2 * entries.count { order = ids }
        order.append(id)
    }

    @discardableResult
    mutating func remove(_ id: UInt64) -> Element? {
        entries.removeValue(forKey: id).map { unsafe unsafeDowncast($0, to: Element.self) }
    }

    /// The ids of all objects, in the order of their addition.
    ///
    /// - Complexity: O(n).
    @inline(never)
    package var ids: [UInt64] { order.filter { entries[$0] != nil } }
}

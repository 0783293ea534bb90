/// Objects by id, and in the order in which they came; ids only grow.
///
/// One kind of dictionary holds them, whatever they are: each further kind would be compiled anew for every program.
package struct OrderedRegistry<Element: AnyObject> {
    private var entries: [UInt64: AnyObject] = [:]
    /// The ids in order, among them some of objects that have gone.
    private var order: [UInt64] = []

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }

    package subscript(id: UInt64) -> Element? {
        entries[id].map { unsafe unsafeDowncast($0, to: Element.self) }
    }

    mutating func add(_ element: Element, as id: UInt64) {
        entries[id] = element
        // Each removal is paid for by the addition before it.
        if order.count > 2 * entries.count { order = ids }
        order.append(id)
    }

    @discardableResult
    mutating func remove(_ id: UInt64) -> Element? {
        entries.removeValue(forKey: id).map { unsafe unsafeDowncast($0, to: Element.self) }
    }

    /// The ids of those that are there now, the first that came first.
    package var ids: [UInt64] { order.filter { entries[$0] != nil } }
}

/// Objects by number, and in the order in which they came; numbers only grow.
///
/// One kind of dictionary holds them, whatever they are: each further kind would be compiled anew for every program.
package struct OrderedRegistry<Element: AnyObject> {
    private var entries: [UInt64: AnyObject] = [:]
    /// The numbers in order, among them some of objects that have gone.
    private var order: [UInt64] = []

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }

    package subscript(number: UInt64) -> Element? {
        entries[number].map { unsafe unsafeDowncast($0, to: Element.self) }
    }

    mutating func add(_ element: Element, as number: UInt64) {
        entries[number] = element
        // Each removal is paid for by the addition before it.
        if order.count > 2 * entries.count { order = numbers }
        order.append(number)
    }

    @discardableResult
    mutating func remove(_ number: UInt64) -> Element? {
        entries.removeValue(forKey: number).map { unsafe unsafeDowncast($0, to: Element.self) }
    }

    /// The numbers of those that are there now, the first that came first.
    package var numbers: [UInt64] { order.filter { entries[$0] != nil } }
}

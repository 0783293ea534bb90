/// A text for people, written as a string literal with interpolated values.
///
/// Its parts are appended by functions that are compiled once. The interpolation of `String` is compiled in place, some
/// 100 bytes a part, which errors alone would pay hundreds of times.
package struct Message: ExpressibleByStringInterpolation {
    package let text: String

    package init(stringLiteral text: String) {
        self.text = text
    }

    package init(stringInterpolation parts: StringInterpolation) {
        text = parts.text
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        @inline(never)
        package init(literalCapacity: Int, interpolationCount: Int) {}

        @inline(never)
        package mutating func appendLiteral(_ text: String) { self.text += text }

        @inline(never)
        package mutating func appendInterpolation(_ text: String) { self.text += text }

        @inline(never)
        package mutating func appendInterpolation(_ number: Int) { text += String(number) }

        @inline(never)
        package mutating func appendInterpolation(_ number: Int32) { text += String(number) }

        @inline(never)
        package mutating func appendInterpolation(_ address: SocketAddress) { text += address.description }

        @inline(never)
        package mutating func appendInterpolation(_ error: SystemError) { text += error.description }
    }
}

import EventReactor
import EventReactorHandover
import EventReactorTesting
import Testing

extension Parameter {
    /// The messages of errors.
    static let errors: [Parameter] = [
        Parameter(plain: "SystemError(code:)", [.min, -1, 0, 1, 133, 134, 4096, .max] as [Int32]) {
            let error = SystemError(code: $0, operation: "\($0)")
            #expect(!error.message.isEmpty && !error.name.isEmpty && !error.description.isEmpty)
        },
        Parameter(plain: "errors with durations", Values.durations) {
            #expect(!ConnectError.timedOut(after: $0, to: "x").description.isEmpty)
            #expect(!HandoverError.timedOut(after: $0).description.isEmpty)
        },
        Parameter(plain: "errors with numbers", Values.integers) {
            #expect(!AddressError.invalidPort($0).description.isEmpty)
            #expect(!FileError.outOfRange(file: "x", offset: $0, length: $0, size: $0).description.isEmpty)
            #expect(!FileError.truncated(file: "x", sent: $0, length: $0).description.isEmpty)
            #expect(!FileError.lost(sent: $0, .done).description.isEmpty)
        },
        Parameter(plain: "errors with texts", Values.texts) {
            #expect(!AddressError.invalidAddress($0).description.isEmpty)
            #expect(!AddressError.pathTooLong(path: $0, limit: .min).description.isEmpty)
            #expect(!ConnectError.unresolvable(host: $0, message: $0).description.isEmpty)
            #expect(!HandoverError.malformed($0).description.isEmpty)
            #expect(!SystemError(code: 1, operation: $0).description.isEmpty)
        },
    ]
}

import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("PROXY protocol: prefixes of addresses")
struct AddressPrefixTests {
    private func has(_ prefix: String, _ address: String) throws -> Bool {
        try AddressPrefix(prefix).contains(try SocketAddress(ip: address, port: 7))
    }

    @Test func aPrefixHasTheAddressesThatBeginWithItsBits() throws {
        #expect(try has("10.0.0.0/8", "10.255.255.255") && has("10.0.0.0/8", "10.0.0.0"))
        #expect(try !has("10.0.0.0/8", "11.0.0.0") && !has("10.0.0.0/8", "9.255.255.255"))
        #expect(try has("192.0.2.7", "192.0.2.7") && !has("192.0.2.7/32", "192.0.2.6"))
        #expect(try has("192.0.2.6/31", "192.0.2.7") && has("0.0.0.0/0", "255.255.255.255"))
        #expect(try has("2001:db8::/32", "2001:db8:ffff::1") && !has("2001:db8::/32", "2001:db9::"))
        #expect(try has("2001:db8::8000:0:0:0/65", "2001:db8::ffff:0:0:1"))
        #expect(try !has("2001:db8::8000:0:0:0/65", "2001:db8::7fff:0:0:1") && has("::/0", "ff::1"))
        #expect(try has("::1", "::1") && !has("::1/128", "::2") && !has("::/0", "1.2.3.4"))
        #expect(try has("10.0.0.0/8", "::ffff:10.1.2.3") && !has("10.0.0.0/8", "::ffff:11.1.2.3"))
        #expect(try has("fe80::/10", "fe80::1%1"))
        #expect(AddressPrefix.unix.contains(.unnamedUnix))
        #expect(try !AddressPrefix("0.0.0.0/0").contains(.unnamedUnix))
        let everyone = [try SocketAddress(ip: "1.2.3.4", port: 0), try SocketAddress(ip: "::1", port: 0), .unnamedUnix]
        #expect(everyone.allSatisfy { address in AddressPrefix.everyone.contains { $0.contains(address) } })
        #expect(
            everyone.map { address in AddressPrefix.loopback.contains { $0.contains(address) } } == [
                false, true, false,
            ])
    }

    @Test(arguments: ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.7/32", "::/0", "2001:db8::/33", "::1/128"])
    func aPrefixIsWrittenAsItIsRead(_ text: String) throws {
        #expect(try AddressPrefix(text).description == text)
    }

    @Test(arguments: [
        ("", 0), ("/8", 0), ("10.0.0/8", 0), ("10.0.0.0/8/8", 0), ("host/8", 0), ("[::1]/128", 0), ("::1%lo/128", 0),
        ("unix", 0),
        ("10.0.0.0/", 1), ("10.0.0.0/33", 1), ("10.0.0.0/-1", 1), ("::/129", 1), ("::/99999999999999999999", 1),
        ("::/x", 1),
        ("10.1.0.0/8", 2), ("10.0.0.1/31", 2), ("2001:db8::1/64", 2), ("1::/0", 2),
    ])
    func aTextThatIsNoPrefixIsRefusedWithItsFault(_ text: String, _ kind: Int) {
        do throws(AddressPrefixError) {
            _ = try AddressPrefix(text)
            Issue.record("\(text) was read")
        } catch {
            switch error {
            case .malformed: #expect(kind == 0)
            case .badLength(_, let most): #expect(kind == 1 && most == (text.contains(":") ? 128 : 32))
            case .bitsBeyondLength: #expect(kind == 2)
            }
            #expect(error.description.contains("\"\(text)\""))
        }
    }
}

import Testing

@testable import EventReactorCore

@Suite("The load of a reactor")
struct ReactorLoadTests {
    @Test func aConnectionOnItsWayCountsOnceAllAlong() {
        let load = ReactorLoad()
        load.update(3)
        load.announce()
        #expect(load.expected == 4 && load.connections == 3)
        load.arrived {
            // The acceptor reads the load at any moment.
            #expect(load.expected == 4)
            load.update(4)
            #expect(load.expected == 4)
        }
        #expect(load.expected == 4 && load.connections == 4)
    }

    @Test func aConnectionThatIsNotTakenIsExpectedNoMore() {
        let load = ReactorLoad()
        load.announce()
        load.announce()
        load.arrived {}
        #expect(load.expected == 1 && load.connections == 0)
        load.arrived { load.update(1) }
        #expect(load.expected == 1 && load.connections == 1)
    }

    @Test func othersComeAndGoMeanwhile() {
        let load = ReactorLoad()
        load.update(2)
        load.announce()
        load.arrived {
            load.update(1)
            #expect(load.expected == 2)
            load.update(2)
            load.update(3)
        }
        #expect(load.expected == 3 && load.connections == 3)
        load.update(0)
        #expect(load.expected == 0)
    }
}

import CEventReactorShims
import EventReactor
import EventReactorNative
import Glibc
import TestSupport
import Testing

/// Each runs in a process of its own, as those of `GroupTableTests` do.
@Suite("Calls between threads whose descriptor tables differ")
struct GroupTableCallTests {
    @Test func callsReachEveryReactorAndTouchNoOtherDescriptor() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 2, configuration: .withPrivateTables) { _ in }
            try await group.start()
            // The other reactor's fd is one of these on the group's threads.
            let own = await group.collectFromEach { _ in DescriptorTable.fill() }
            let other = try NativeReactor()
            let remote = other.remote
            let calls = Shared(0)
            let peers = group.remotes
            for index in 0..<100 {
                // To another reactor of the group, and from there to one that is in no group.
                peers[index % 2].callFromThread { _ in
                    peers[(index + 1) % 2].callFromThread { _ in
                        remote.callFromThread { reactor in
                            calls.change { $0 += 1 }
                            if calls.value == 100 { try? reactor.stop() }
                        }
                    }
                }
            }
            try other.run()
            #expect(calls.value == 100)
            let touched = await group.collectFromEach { DescriptorTable.touchedCount(own[$0.placeInGroup ?? 0]) }
            #expect(touched == [0, 0])
            await group.stop()
        }
    }

    @Test func threadsThatAReactorsThreadStartsAreKnownByTheirTable() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 2, configuration: .withPrivateTables) { _ in }
            #expect(er_thread_table() == 0)
            try await group.start()
            let other = try NativeReactor()
            let remote = other.remote
            let calls = Shared(0)
            let own = await group.collectFromEach { _ in DescriptorTable.fill() }
            let tables = await group.collectFromEach { _ in
                let tables = Shared([er_thread_own_table()])
                DescriptorTable.runOnNewThread {
                    tables.change { $0.append(er_thread_own_table()) }
                    // To a reactor of the process's table.
                    remote.callFromThread { reactor in
                        calls.change { $0 += 1 }
                        if calls.value == 2 { try? reactor.stop() }
                    }
                }
                return tables.value
            }
            #expect(tables.allSatisfy { $0.count == 2 && $0[0] == $0[1] && $0[0] > 0 })
            #expect(tables[0] != tables[1])
            try other.run()
            #expect(calls.value == 2)
            // And to the other reactor of the group.
            let peers = group.remotes
            let isCalled = Shared(false)
            peers[0].callFromThread { _ in
                DescriptorTable.runOnNewThread {
                    peers[1].callFromThread { _ in isCalled.change { $0 = true } }
                }
            }
            while !isCalled.value { await Task.yield() }
            let written = await group.collectFromEach { DescriptorTable.touchedCount(own[$0.placeInGroup ?? 0]) }
            #expect(written == [0, 0])
            let isRefused = Shared(false)
            _ = await group.collectFromEach { reactor in
                guard reactor.placeInGroup == 0 else { return }
                DescriptorTable.runOnNewThread {
                    guard let another = try? ReactorGroup(count: 1, configuration: .quiet, setUp: { _ in }) else {
                        return
                    }
                    do throws(ReactorGroupError) { try another.start() } catch {
                        isRefused.change { $0 = "\(error)" == "\(ReactorGroupError.calledFromGroup)" }
                    }
                }
            }
            #expect(isRefused.value)
            await group.stop()
        }
    }

    @Test func aReactorMadeOnAReactorsThreadIsWokenFromEverywhere() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 2, configuration: .withPrivateTables) { _ in }
            try await group.start()
            let own = Shared<[[Int32]]>([[], []])
            let remote = Shared<RemoteHandle<NativeReactor>?>(nil)
            let calls = Shared<[String]>([])
            let signals = Shared(0)
            let ended = Shared(false)
            // Its thread runs the other reactor meanwhile; calls to its own reactor are made there.
            group.remotes[0].callFromThread { _ in
                // So its fd is one of another owner's in the process's table.
                let gap = (0..<40).map { _ in er_eventfd() }
                guard let made = try? NativeReactor() else { return }
                made.onSignal(SIGHUP) {
                    signals.change { $0 += 1 }
                    try? made.stop()
                }
                made.onStartup { remote.change { $0 = made.remote } }
                do { try made.run() } catch { calls.change { $0.append("\(error)") } }
                // Its hook and its handler retain it.
                made.close()
                for number in gap { close(number) }
                ended.change { $0 = true }
            }
            while remote.value == nil { await Task.yield() }
            let strangers = DescriptorTable.fill()
            own.change { $0[0] = strangers }
            _ = await withCheckedContinuation { continuation in
                group.remotes[1].callFromThread { _ in
                    own.change { $0[1] = DescriptorTable.fill() }
                    continuation.resume(returning: true)
                }
            }
            // From the process's table, from another reactor's, and from a thread that shares the latter.
            remote.value?.callFromThread { _ in calls.change { $0.append("process") } }
            while calls.value.count < 1 { await Task.yield() }
            group.remotes[1].callFromThread { _ in
                remote.value?.callFromThread { _ in calls.change { $0.append("reactor") } }
            }
            while calls.value.count < 2 { await Task.yield() }
            group.remotes[1].callFromThread { _ in
                DescriptorTable.runOnNewThread {
                    remote.value?.callFromThread { _ in calls.change { $0.append("thread") } }
                }
            }
            while calls.value.count < 3 { await Task.yield() }
            #expect(calls.value == ["process", "reactor", "thread"])
            // Once: as the run ends, the signal's default disposition is restored, which ends the process.
            kill(getpid(), SIGHUP)
            while !ended.value { await Task.yield() }
            #expect(signals.value == 1)
            #expect(DescriptorTable.touchedCount(strangers) == 0)
            let touched = Shared(-1)
            group.remotes[1].callFromThread { _ in
                touched.change { $0 = DescriptorTable.touchedCount(own.value[1]) }
            }
            while touched.value < 0 { await Task.yield() }
            #expect(touched.value == 0)
            await group.stop()
        }
    }

    @Test func reactorsMadeOnAReactorsThreadLeaveNoDescriptorBehind() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 1, configuration: .withPrivateTables) { _ in }
            try await group.start()
            func make(_ count: Int) async -> [Int] {
                await group.collectFromEach { _ in
                    for _ in 0..<count { _ = try? NativeReactor() }
                    return DescriptorTable.openCount()
                }
            }
            let before = await make(1)
            let own = DescriptorTable.openCount()
            #expect(await make(20) == before)
            // The one or two that are left in the process's table belong to the test runner.
            #expect(DescriptorTable.openCount() < own + 10)
            await group.stop()
        }
    }
}

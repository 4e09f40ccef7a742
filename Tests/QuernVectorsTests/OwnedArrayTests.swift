import QuernVectors
import Testing

@Suite struct OwnedArrayTests {
  @Test func growsAndKeepsWhatItHolds() {
    var array = OwnedArray<Int32>(capacity: 1)
    for number in 0..<1000 as Range<Int32> { array.append(number) }
    #expect(array.elements == Array(0..<1000))
    array[500] = -1
    #expect(array[500] == -1)
    #expect(array[999] == 999)
    array.removeAll()
    #expect(array.count == 0)
    array.append(7)
    #expect(array.elements == [7])
  }

  @Test(arguments: [0, 1, 40]) func repeats(count: Int) {
    let array = OwnedArray<UInt8>(repeating: 3, count: count)
    #expect(array.count == count)
    #expect(array.elements == Array(repeating: 3, count: count))
  }
}

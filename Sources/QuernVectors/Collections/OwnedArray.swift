/// A list that grows and has one owner. Blocks are worked on an element at a time, and an `Array` asks
/// at every change whether others share it: that alone would take longer than the rest of the work.
package struct OwnedArray<Element: BitwiseCopyable>: ~Copyable {
  private var memory: UnsafeMutablePointer<Element>
  private var capacity: Int
  package private(set) var count: Int

  /// - Parameter capacity: room to begin with, in elements.
  package init(capacity: Int = 16) {
    self.capacity = max(capacity, 1)
    memory = .allocate(capacity: self.capacity)
    count = 0
  }

  package init(repeating element: Element, count: Int) {
    self.init(capacity: count)
    memory.initialize(repeating: element, count: count)
    self.count = count
  }

  deinit { memory.deallocate() }

  package subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count, "no such element")
      return memory[index]
    }
    set {
      precondition(index >= 0 && index < count, "no such element")
      memory[index] = newValue
    }
  }

  package mutating func append(_ element: Element) {
    if count == capacity { grow() }
    (memory + count).initialize(to: element)
    count += 1
  }

  @inline(never)
  private mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: 2 * capacity)
    larger.initialize(from: memory, count: count)
    memory.deallocate()
    (memory, capacity) = (larger, 2 * capacity)
  }

  /// Keeps the room that there is.
  package mutating func removeAll() { count = 0 }

  /// A copy of the elements.
  package var elements: [Element] {
    Array(UnsafeBufferPointer(start: memory, count: count))
  }
}

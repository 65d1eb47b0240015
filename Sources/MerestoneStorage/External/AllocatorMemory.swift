internal import CMerestoneKernels

/// What the allocator holds beyond what is in use.
package enum AllocatorMemory {
  /// Gives memory that was freed, but is kept for later, back to the machine: between stages whose
  /// buffers differ in size it would count twice.
  package static func trim() { mrs_trim_memory() }
}

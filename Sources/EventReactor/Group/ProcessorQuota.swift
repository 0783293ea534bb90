/// The processor time that the system gives to the process's control group, and to those around it: what `docker run
/// --cpus` and Kubernetes' limits set.
///
/// More reactors than that would be put to sleep all at once, again and again.
enum ProcessorQuota {
}

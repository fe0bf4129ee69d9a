// controller-runtime is the bench's peer in Go: the least that a hand-written controller does for a Queue with the
// usual library. It adds a finalizer, creates or changes the queue, and writes status; on deletion it deletes the queue and
// takes the finalizer away. It looks at nothing else: no drift, no adoption, no events, no ownership.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

const finalizer = "bench.onyx.onelens.io/queue"

var queueKind = schema.GroupVersionKind{Group: "onyx.onelens.io", Version: "v1alpha1", Kind: "Queue"}

// cloud speaks just as much of SQS's JSON protocol as the stand-in understands.
type cloud struct {
	endpoint string
	http     *http.Client
}

func (c *cloud) call(ctx context.Context, action string, in map[string]any, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "AmazonSQS."+action)
	reply, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return err
	}
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d %s", action, reply.StatusCode, text)
	}
	return json.Unmarshal(text, out)
}

type reconciler struct {
	client.Client
	cloud *cloud
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	queue := &unstructured.Unstructured{}
	queue.SetGroupVersionKind(queueKind)
	if err := r.Get(ctx, request.NamespacedName, queue); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	name := "bench-" + request.Namespace + "-" + request.Name
	if !queue.GetDeletionTimestamp().IsZero() {
		return ctrl.Result{}, r.remove(ctx, queue)
	}
	if !controllerutil.ContainsFinalizer(queue, finalizer) {
		before := queue.DeepCopy()
		controllerutil.AddFinalizer(queue, finalizer)
		if err := r.Patch(ctx, queue, client.MergeFrom(before)); err != nil {
			return ctrl.Result{}, err
		}
	}
	url, made, _ := unstructured.NestedString(queue.Object, "status", "externalId")
	observed, _, _ := unstructured.NestedInt64(queue.Object, "status", "observedGeneration")
	if made && observed == queue.GetGeneration() {
		return ctrl.Result{}, nil
	}
	timeout, _, _ := unstructured.NestedString(queue.Object, "spec", "processingTimeout")
	attributes := map[string]any{"VisibilityTimeout": strings.TrimSuffix(timeout, "s")}
	if made {
		in := map[string]any{"QueueUrl": url, "Attributes": attributes}
		if err := r.cloud.call(ctx, "SetQueueAttributes", in, &struct{}{}); err != nil {
			return ctrl.Result{}, err
		}
	} else {
		var created struct{ QueueUrl string }
		in := map[string]any{"QueueName": name, "Attributes": attributes}
		if err := r.cloud.call(ctx, "CreateQueue", in, &created); err != nil {
			return ctrl.Result{}, err
		}
		url = created.QueueUrl
	}
	before := queue.DeepCopy()
	now := time.Now().UTC().Format(time.RFC3339)
	queue.Object["status"] = map[string]any{
		"observedGeneration": queue.GetGeneration(),
		"externalId":         url,
		"conditions": []any{map[string]any{
			"type": "Ready", "status": "True", "reason": "Available", "message": "made",
			"lastTransitionTime": now, "observedGeneration": queue.GetGeneration(),
		}},
	}
	return ctrl.Result{}, r.Status().Patch(ctx, queue, client.MergeFrom(before))
}

func (r *reconciler) remove(ctx context.Context, queue *unstructured.Unstructured) error {
	if url, made, _ := unstructured.NestedString(queue.Object, "status", "externalId"); made {
		if err := r.cloud.call(ctx, "DeleteQueue", map[string]any{"QueueUrl": url}, &struct{}{}); err != nil {
			return err
		}
	}
	before := queue.DeepCopy()
	if !controllerutil.RemoveFinalizer(queue, finalizer) {
		return nil
	}
	return client.IgnoreNotFound(r.Patch(ctx, queue, client.MergeFrom(before)))
}

func run() error {
	endpoint := flag.String("cloud", "", "URL of the cloud stand-in")
	workers := flag.Int("workers", 10, "reconciles at once")
	elect := flag.Bool("elect", false, "work only while leading, by a Lease in the namespace default")
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.Level(zapcore.ErrorLevel)))
	config := ctrl.GetConfigOrDie()
	config.QPS, config.Burst = 1000, 2000
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Metrics: server.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
		Client:  client.Options{Cache: &client.CacheOptions{Unstructured: true}},

		LeaderElection:                *elect,
		LeaderElectionID:              "bench-controller-runtime",
		LeaderElectionNamespace:       "default",
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return err
	}
	queue := &unstructured.Unstructured{}
	queue.SetGroupVersionKind(queueKind)
	transport := &http.Transport{MaxIdleConnsPerHost: *workers}
	err = ctrl.NewControllerManagedBy(manager).
		For(queue).
		WithEventFilter(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: *workers}).
		Named("queue").
		Complete(&reconciler{Client: manager.GetClient(), cloud: &cloud{*endpoint, &http.Client{Transport: transport}}})
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
